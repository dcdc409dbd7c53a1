"""Claims under fire: a workshop files them, two people decide them, and what they lead to is reported on."""
