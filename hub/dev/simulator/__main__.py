"""`python -m hub.dev.simulator`: see `publish`."""

from hub.dev.simulator.publish import main

main()
