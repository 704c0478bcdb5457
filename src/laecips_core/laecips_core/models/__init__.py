"""Edge networks and the engines that run them."""
