"""Accounts: who may sign in, with which keys and sessions, and what became of it."""
