"""A call without a telephone: the real engine on the virtual driver and a virtual clock."""
