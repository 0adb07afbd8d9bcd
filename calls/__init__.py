"""The words shared by all: calls, agents' events, commands and needs, as frozen values."""
