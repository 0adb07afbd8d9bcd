"""How so many minutes are said, and after a slash the number alone where gender makes it differ.

A row is ``count: words``. test_speech compares them with what the pieces say.
"""

from __future__ import annotations

RU = """
0: ноль минут
1: одна минута / один
2: две минуты / два
3: три минуты
4: четыре минуты
5: пять минут
6: шесть минут
9: девять минут
10: десять минут
11: одиннадцать минут
12: двенадцать минут
13: тринадцать минут
14: четырнадцать минут
15: пятнадцать минут
19: девятнадцать минут
20: двадцать минут
21: двадцать одна минута / двадцать один
22: двадцать две минуты / двадцать два
23: двадцать три минуты
25: двадцать пять минут
31: тридцать одна минута / тридцать один
40: сорок минут
42: сорок две минуты / сорок два
44: сорок четыре минуты
51: пятьдесят одна минута / пятьдесят один
60: шестьдесят минут
70: семьдесят минут
90: девяносто минут
99: девяносто девять минут
100: сто минут
101: сто одна минута / сто один
102: сто две минуты / сто два
105: сто пять минут
111: сто одиннадцать минут
112: сто двенадцать минут
121: сто двадцать одна минута / сто двадцать один
200: двести минут
222: двести двадцать две минуты / двести двадцать два
300: триста минут
346: триста сорок шесть минут
500: пятьсот минут
777: семьсот семьдесят семь минут
900: девятьсот минут
999: девятьсот девяносто девять минут
1000: одна тысяча минут
1001: одна тысяча одна минута / одна тысяча один
1011: одна тысяча одиннадцать минут
1100: одна тысяча сто минут
2000: две тысячи минут
2001: две тысячи одна минута / две тысячи один
3012: три тысячи двенадцать минут
5000: пять тысяч минут
10000: десять тысяч минут
11000: одиннадцать тысяч минут
12345: двенадцать тысяч триста сорок пять минут
21000: двадцать одна тысяча минут
22002: двадцать две тысячи две минуты / двадцать две тысячи два
100000: сто тысяч минут
101101: сто одна тысяча сто одна минута / сто одна тысяча сто один
121001: сто двадцать одна тысяча одна минута / сто двадцать одна тысяча один
212012: двести двенадцать тысяч двенадцать минут
500500: пятьсот тысяч пятьсот минут
999999: девятьсот девяносто девять тысяч девятьсот девяносто девять минут
"""
UK = """
0: нуль хвилин
1: одна хвилина / один
2: дві хвилини / два
3: три хвилини
4: чотири хвилини
5: п'ять хвилин
6: шість хвилин
9: дев'ять хвилин
10: десять хвилин
11: одинадцять хвилин
12: дванадцять хвилин
13: тринадцять хвилин
14: чотирнадцять хвилин
15: п'ятнадцять хвилин
19: дев'ятнадцять хвилин
20: двадцять хвилин
21: двадцять одна хвилина / двадцять один
22: двадцять дві хвилини / двадцять два
23: двадцять три хвилини
25: двадцять п'ять хвилин
31: тридцять одна хвилина / тридцять один
40: сорок хвилин
42: сорок дві хвилини / сорок два
44: сорок чотири хвилини
51: п'ятдесят одна хвилина / п'ятдесят один
60: шістдесят хвилин
70: сімдесят хвилин
90: дев'яносто хвилин
99: дев'яносто дев'ять хвилин
100: сто хвилин
101: сто одна хвилина / сто один
102: сто дві хвилини / сто два
105: сто п'ять хвилин
111: сто одинадцять хвилин
112: сто дванадцять хвилин
121: сто двадцять одна хвилина / сто двадцять один
200: двісті хвилин
222: двісті двадцять дві хвилини / двісті двадцять два
300: триста хвилин
346: триста сорок шість хвилин
500: п'ятсот хвилин
777: сімсот сімдесят сім хвилин
900: дев'ятсот хвилин
999: дев'ятсот дев'яносто дев'ять хвилин
1000: одна тисяча хвилин
1001: одна тисяча одна хвилина / одна тисяча один
1011: одна тисяча одинадцять хвилин
1100: одна тисяча сто хвилин
2000: дві тисячі хвилин
2001: дві тисячі одна хвилина / дві тисячі один
3012: три тисячі дванадцять хвилин
5000: п'ять тисяч хвилин
10000: десять тисяч хвилин
11000: одинадцять тисяч хвилин
12345: дванадцять тисяч триста сорок п'ять хвилин
21000: двадцять одна тисяча хвилин
22002: двадцять дві тисячі дві хвилини / двадцять дві тисячі два
100000: сто тисяч хвилин
101101: сто одна тисяча сто одна хвилина / сто одна тисяча сто один
121001: сто двадцять одна тисяча одна хвилина / сто двадцять одна тисяча один
212012: двісті дванадцять тисяч дванадцять хвилин
500500: п'ятсот тисяч п'ятсот хвилин
999999: дев'ятсот дев'яносто дев'ять тисяч дев'ятсот дев'яносто дев'ять хвилин
"""
AZ = """
0: sıfır dəqiqə
1: bir dəqiqə
2: iki dəqiqə
3: üç dəqiqə
4: dörd dəqiqə
5: beş dəqiqə
6: altı dəqiqə
9: doqquz dəqiqə
10: on dəqiqə
11: on bir dəqiqə
12: on iki dəqiqə
13: on üç dəqiqə
14: on dörd dəqiqə
15: on beş dəqiqə
19: on doqquz dəqiqə
20: iyirmi dəqiqə
21: iyirmi bir dəqiqə
22: iyirmi iki dəqiqə
23: iyirmi üç dəqiqə
25: iyirmi beş dəqiqə
31: otuz bir dəqiqə
40: qırx dəqiqə
42: qırx iki dəqiqə
44: qırx dörd dəqiqə
51: əlli bir dəqiqə
60: altmış dəqiqə
70: yetmiş dəqiqə
90: doxsan dəqiqə
99: doxsan doqquz dəqiqə
100: yüz dəqiqə
101: yüz bir dəqiqə
102: yüz iki dəqiqə
105: yüz beş dəqiqə
111: yüz on bir dəqiqə
112: yüz on iki dəqiqə
121: yüz iyirmi bir dəqiqə
200: iki yüz dəqiqə
222: iki yüz iyirmi iki dəqiqə
300: üç yüz dəqiqə
346: üç yüz qırx altı dəqiqə
500: beş yüz dəqiqə
777: yeddi yüz yetmiş yeddi dəqiqə
900: doqquz yüz dəqiqə
999: doqquz yüz doxsan doqquz dəqiqə
1000: min dəqiqə
1001: min bir dəqiqə
1011: min on bir dəqiqə
1100: min yüz dəqiqə
2000: iki min dəqiqə
2001: iki min bir dəqiqə
3012: üç min on iki dəqiqə
5000: beş min dəqiqə
10000: on min dəqiqə
11000: on bir min dəqiqə
12345: on iki min üç yüz qırx beş dəqiqə
21000: iyirmi bir min dəqiqə
22002: iyirmi iki min iki dəqiqə
100000: yüz min dəqiqə
101101: yüz bir min yüz bir dəqiqə
121001: yüz iyirmi bir min bir dəqiqə
212012: iki yüz on iki min on iki dəqiqə
500500: beş yüz min beş yüz dəqiqə
999999: doqquz yüz doxsan doqquz min doqquz yüz doxsan doqquz dəqiqə
"""
EN = """
0: zero minutes
1: one minute
2: two minutes
3: three minutes
4: four minutes
5: five minutes
6: six minutes
9: nine minutes
10: ten minutes
11: eleven minutes
12: twelve minutes
13: thirteen minutes
14: fourteen minutes
15: fifteen minutes
19: nineteen minutes
20: twenty minutes
21: twenty one minutes
22: twenty two minutes
23: twenty three minutes
25: twenty five minutes
31: thirty one minutes
40: forty minutes
42: forty two minutes
44: forty four minutes
51: fifty one minutes
60: sixty minutes
70: seventy minutes
90: ninety minutes
99: ninety nine minutes
100: one hundred minutes
101: one hundred and one minutes
102: one hundred and two minutes
105: one hundred and five minutes
111: one hundred and eleven minutes
112: one hundred and twelve minutes
121: one hundred and twenty one minutes
200: two hundred minutes
222: two hundred and twenty two minutes
300: three hundred minutes
346: three hundred and forty six minutes
500: five hundred minutes
777: seven hundred and seventy seven minutes
900: nine hundred minutes
999: nine hundred and ninety nine minutes
1000: one thousand minutes
1001: one thousand and one minutes
1011: one thousand and eleven minutes
1100: one thousand one hundred minutes
2000: two thousand minutes
2001: two thousand and one minutes
3012: three thousand and twelve minutes
5000: five thousand minutes
10000: ten thousand minutes
11000: eleven thousand minutes
12345: twelve thousand three hundred and forty five minutes
21000: twenty one thousand minutes
22002: twenty two thousand and two minutes
100000: one hundred thousand minutes
101101: one hundred and one thousand one hundred and one minutes
121001: one hundred and twenty one thousand and one minutes
212012: two hundred and twelve thousand and twelve minutes
500500: five hundred thousand five hundred minutes
999999: nine hundred and ninety nine thousand nine hundred and ninety nine minutes
"""

TABLES = {"ru": RU, "uk": UK, "az": AZ, "en": EN}
