"""Files of sales and returns: dropped into a folder or published by hand, each line answered."""
