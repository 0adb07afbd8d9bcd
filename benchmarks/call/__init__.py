"""What does one call cost, in Asterisk and in everything of ours, against the same journey without us?"""
