"""Two merchants whose tills, shops and apps tell the hub what they sell, take back and register."""
