"""Files of customers and facts: read, checked whole, and brought in without a message going out."""
