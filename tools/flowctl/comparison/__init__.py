"""What differs between two scenarios for those who call: paths that appear, vanish or change, in words."""
