"""The pages a customer opens: home, goal, route, asking for help."""
