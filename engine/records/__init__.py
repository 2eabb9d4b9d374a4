"""What is kept when a call is over."""
