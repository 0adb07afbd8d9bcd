"""How well does the router serve, against theory, against another simulator, and against other ways to route?"""
