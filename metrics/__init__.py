"""Figures that the trade asks for, counted live and reported after."""
