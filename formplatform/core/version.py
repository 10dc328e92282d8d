"""The platform's version: of the API description, and what plugins name in their range."""

VERSION = "2.0.0"
