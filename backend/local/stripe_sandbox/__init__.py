"""A stand-in for Stripe on loopback: stateful, with a clock, faults on command and an oracle.

It runs as a process of its own (`python -m backend.local.stripe_sandbox`), so that the product
talks to it over HTTP through the real SDK, and a killed worker finds it as it left it.
"""
