"""An agent's companion in the terminal: waiting calls, keys, ring sound, screen pop."""
