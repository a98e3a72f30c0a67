"""Sockets: what moves is told to whoever may see it, for as long as they may."""
