"""What became of each lesson and article: whom it reached, who read it, what they did next (R73)."""
