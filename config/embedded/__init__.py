"""Warren on one machine, by one command: what `manage.py up` is made of."""
