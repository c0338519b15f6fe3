"""What the simulator can refuse."""


class SimulationError(Exception):
    """A world that cannot be made: a code for programs, and a sentence that says how to mend it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return self.message
