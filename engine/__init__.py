"""What happens on a call. Knows no wire format of a line and no screen."""
