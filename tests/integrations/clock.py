"""A clock that moves only when somebody sleeps by it."""


class FakeTime:
    def __init__(self):
        self.seconds = 0.0
        self.slept = []

    def now(self):
        return self.seconds

    def sleep(self, seconds):
        assert seconds >= 0
        self.slept.append(seconds)
        self.seconds += seconds
