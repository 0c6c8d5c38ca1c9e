"""The shell room: command lines inside other files, read into words with their places, and rewritten word by word."""
