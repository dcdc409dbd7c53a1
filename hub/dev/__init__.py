"""What only development and tests need: embedded servers, the supervisor and the simulator."""
