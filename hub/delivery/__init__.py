"""What leaves the hub: endpoints, what each is to be told, and the attempts until it has heard."""
