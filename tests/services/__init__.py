"""The servers and the browser that the tests need: found, installed where they can be, started, ended."""
