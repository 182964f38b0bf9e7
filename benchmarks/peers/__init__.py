"""What a user would pick instead, written as the tutorials of these libraries write it."""
