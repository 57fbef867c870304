"""The chatbot-backend: a conversation about tasks, which it reaches through MCP tools only."""
