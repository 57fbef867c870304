"""The todo-backend: people, their sign-in and their tasks."""
