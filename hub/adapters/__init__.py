"""Clients of what runs outside: Kafka and Postgres. No foreign error leaves this room."""
