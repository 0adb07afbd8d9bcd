"""Where the answers to a menu's lookups come from: a table in a file, a database, or a service over HTTP."""
