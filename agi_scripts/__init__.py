"""The FastAGI server that serves menus, and the script that Asterisk runs when we are gone."""
