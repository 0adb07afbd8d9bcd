"""What does our FastAGI server cost, against the least possible and against two that are in use?"""
