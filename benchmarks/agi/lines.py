"""Which ten lines does every server under test send? What our channel says in one menu session, renewals included.

Two questions, a variable read (a renewal and a read), a variable set, an announcement, a variable set, the end.
"""

from __future__ import annotations

LINES = (
    'GOSUB "al-ask" "s" "1" "20,al/hello&al/choose-language,1,4,5"',
    'GET VARIABLE "AL_DIGITS"',
    'GOSUB "al-ask" "s" "1" "24,al/choose-topic,1,5,5"',
    'GET VARIABLE "AL_DIGITS"',
    'SET VARIABLE "TIMEOUT(absolute)" "4"',
    'GET VARIABLE "AL_LINE"',
    'EXEC "MSet" "TIMEOUT(absolute)=4,AL_LANG=\\"ru\\""',
    'GOSUB "al-say" "s" "1" "10,al/please-wait"',
    'EXEC "MSet" "TIMEOUT(absolute)=4,AL_CALLER=\\"clinic:17\\""',
    'EXEC "MSet" "TIMEOUT(absolute)=4,AL_QUEUE=\\"topic2\\",AL_NEEDS=\\"lang:ru=1\\",AGI_DONE=\\"1\\""',
)
