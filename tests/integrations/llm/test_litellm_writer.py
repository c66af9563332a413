"""The real litellm against a local server that speaks OpenAI's protocol and misbehaves on request.

Importing litellm costs seconds, so everything that needs it is in this file.
"""

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from csm_portal.integrations.llm.litellm_writer import LiteLLMWriter
from csm_portal.ports.errors import PortError, Trouble
from csm_portal.ports.writer import WritingTask
from qbr.schemas import QBRAnswer, parse

pytestmark = [
    # litellm and what it imports warn about themselves; ours is what is tested.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

SECTION = {"narrative": ["{{account.name}} uses more than before."], "bullets": [], "internal": []}
ANSWER = {
    "account_health_summary": SECTION,
    "roi_business_impact": SECTION,
    "feature_adoption_scorecard": SECTION,
    "expansion_next_steps": {
        "narrative": ["Next."],
        "steps": [{"what": "Meet.", "owner": "", "due": ""}],
        "internal": [],
    },
}
TASK = WritingTask(
    kind="qbr", system="You write.", prompt="Write.", schema=QBRAnswer.model_json_schema(), material={}
)


class Stub(ThreadingHTTPServer):
    """Answers as the test says, and remembers what it was asked."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), StubHandler)
        self.requests = []
        self.status, self.headers, self.body, self.wait = 200, {}, "", 0.0
        self.over = threading.Event()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def says(self, text, *, finish_reason="stop"):
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": text},
            "finish_reason": finish_reason,
        }
        self.completes([choice])

    def completes(self, choices):
        usage = {"prompt_tokens": 120, "completion_tokens": 45, "total_tokens": 165}
        self.body = json.dumps({"id": "c1", "object": "chat.completion", "created": 1, "model": "stub", "choices": choices, "usage": usage})  # fmt: skip

    def fails(self, status, **headers):
        self.status, self.headers = status, {name.replace("_", "-"): value for name, value in headers.items()}
        self.body = json.dumps({"error": {"message": "no", "type": "stub", "code": str(status)}})


class StubHandler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append(
            {"path": self.path, "headers": dict(self.headers), "body": json.loads(body)}
        )
        self.server.over.wait(self.server.wait)
        try:
            self.send_response(self.server.status)
            for name, value in self.server.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(self.server.body.encode())
        except OSError:
            pass  # the client has given up waiting, as a test wants it to

    def log_message(self, *args):
        pass


@pytest.fixture
def stub():
    server = Stub()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server
    server.over.set()
    server.shutdown()
    server.server_close()
    thread.join()


def writer(stub, **more):
    return LiteLLMWriter("openai/stub-model", api_base=stub.url, api_key="sk-test", **more)


def error_of(stub, **more):
    with pytest.raises(PortError) as caught:
        writer(stub).write(TASK, **more)
    assert str(caught.value).endswith(".")
    assert "sk-test" not in str(caught.value)
    return caught.value


def test_a_good_answer_comes_back_with_its_tokens(stub):
    stub.says(json.dumps(ANSWER))

    writing = writer(stub).write(TASK)

    assert parse(writing.text, QBRAnswer).answer is not None
    assert (writing.author, writing.is_template) == ("openai/stub-model", False)
    assert (writing.prompt_tokens, writing.completion_tokens) == (120, 45)
    assert writing.cost_usd is None
    assert writing.seconds > 0


def test_the_request_holds_both_prompts_the_key_and_no_schema_unless_asked(stub):
    stub.says(json.dumps(ANSWER))

    writer(stub).write(TASK)

    (request,) = stub.requests
    assert request["path"] == "/v1/chat/completions"
    assert [message["role"] for message in request["body"]["messages"]] == ["system", "user"]
    assert request["headers"]["Authorization"] == "Bearer sk-test"
    assert "response_format" not in request["body"]


def test_a_model_that_can_be_held_to_a_schema_is(stub):
    stub.says(json.dumps(ANSWER))

    writer(stub, supports_schema=True).write(TASK)

    sent = stub.requests[0]["body"]["response_format"]
    assert sent["type"] == "json_schema"
    assert sent["json_schema"]["schema"]["title"] == "QBRAnswer"


def test_prose_and_fences_around_the_json_are_tolerated(stub):
    stub.says(
        f"Certainly! Here it is:\n```json\n{json.dumps(ANSWER, indent=2)}\n```\nTell me if {{more}} is needed."
    )

    writing = writer(stub).write(TASK)

    assert parse(writing.text, QBRAnswer).answer is not None


def test_too_many_requests_is_one_attempt_and_says_how_long_to_wait(stub):
    stub.fails(429, Retry_After="7")

    error = error_of(stub)

    assert (error.trouble, error.permanent, error.retry_after) == (Trouble.RATE_LIMITED, False, 7.0)
    assert len(stub.requests) == 1


@pytest.mark.parametrize(
    ("status", "trouble", "permanent"),
    [
        (400, Trouble.INVALID, True),
        (401, Trouble.UNAUTHORIZED, True),
        (404, Trouble.NOT_FOUND, True),
        (500, Trouble.UNAVAILABLE, False),
        (503, Trouble.UNAVAILABLE, False),
    ],
)
def test_each_failure_is_one_attempt_and_one_sentence(stub, status, trouble, permanent):
    stub.fails(status)

    error = error_of(stub)

    assert (error.trouble, error.permanent) == (trouble, permanent)
    assert len(stub.requests) == 1


def test_a_slow_model_is_given_up(stub):
    stub.wait = 60.0
    stub.says(json.dumps(ANSWER))

    error = error_of(stub, timeout_seconds=0.8)

    assert error.trouble is Trouble.UNAVAILABLE
    assert "did not answer within 0.8 seconds" in str(error)
    assert len(stub.requests) == 1


def test_an_answer_without_choices_is_told(stub):
    stub.completes([])

    assert error_of(stub).trouble in (Trouble.BAD_ANSWER, Trouble.UNAVAILABLE)


@pytest.mark.parametrize("text", ["", "   ", None])
def test_an_empty_answer_is_told(stub, text):
    stub.says(text)

    assert error_of(stub).trouble is Trouble.BAD_ANSWER


def test_an_answer_that_was_cut_off_is_not_used(stub):
    stub.says('{"account_health_summary": {"narr', finish_reason="length")

    error = error_of(stub)

    assert error.trouble is Trouble.BAD_ANSWER
    assert "cut off" in str(error)


def test_an_answer_that_is_not_json_is_told(stub):
    stub.body = "<html>Bad gateway</html>"

    assert error_of(stub).trouble in (Trouble.UNAVAILABLE, Trouble.BAD_ANSWER)


def test_nobody_at_the_address_is_told():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        # Held, so that nobody else begins to listen there.
        address = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
        unreachable = LiteLLMWriter("openai/stub-model", api_base=address, api_key="sk-test")

        with pytest.raises(PortError, match="cannot be reached") as caught:
            unreachable.write(TASK)

    assert caught.value.trouble is Trouble.UNAVAILABLE


def test_a_model_without_a_provider_is_told():
    with pytest.raises(PortError) as caught:
        LiteLLMWriter("no-such-model-anywhere").write(TASK)

    assert caught.value.permanent
    assert "no-such-model-anywhere" in str(caught.value)
