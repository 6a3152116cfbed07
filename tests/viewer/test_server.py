"""The server answers the page that it served itself, and nobody else."""

import http.client
import json
import threading

import numpy as np
import pytest

from bevseg.viewer.server import HEADERS, MOST_BYTES, ViewServer, page_files
from bevseg.viewer.tile_file import RECORD

TRIANGLE = {"kind": "polygon", "points": [[0, 0], [90, 0], [0, 90]]}


@pytest.fixture
def server(session):
    """A server of the results, at work."""
    with ViewServer(session) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def send(server, method, path, body=None, token=True, **headers):
    """Send a request; return status, headers and body of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)
    given = {"X-Bevseg-Token": server.token} if token is True else {}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
    if body is not None:
        given.setdefault("Content-Type", "application/json")
    connection.request(method, path, body, given)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, answer.headers, content


def get(server, path, **headers):
    return send(server, "GET", path, **headers)


def test_it_listens_on_the_loopback_address_alone(server):
    assert server.server_address[0] == "127.0.0.1"


def test_the_printed_address_opens_the_page(server):
    path = server.url.removeprefix(f"http://127.0.0.1:{server.server_port}")
    status, headers, body = get(server, path, token=False)
    assert status == 200 and headers["Content-Type"].startswith("text/html") and b"bevseg" in body


@pytest.mark.parametrize(
    "path",
    ["/", "/index.html", "/scene.json", "/tile/0", "/classes?tile=0", "/point", "/places.json", "/nothing"],
)
@pytest.mark.parametrize("token", ["", "token=", "token=wrong", "token=%ff", "token=" + "a" * 43])
def test_without_the_token_nothing_is_told(server, path, token):
    joined = path + ("&" if "?" in path else "?") + token
    assert get(server, joined, token=False)[0] == 403


def test_a_ticket_leads_to_the_page_once(server):
    path = server.ticket_url.removeprefix(f"http://127.0.0.1:{server.server_port}")
    status, headers, _ = get(server, path, token=False)
    assert (status, headers["Location"]) == (303, server.url) and server.token not in path
    assert get(server, path, token=False)[0] == 403


def test_a_wrong_ticket_voids_the_right_one(server):
    path = server.ticket_url.removeprefix(f"http://127.0.0.1:{server.server_port}")
    assert get(server, "/open?ticket=guess", token=False)[0] == 403
    assert get(server, path, token=False)[0] == 403


def test_a_ticket_of_another_host_is_refused(server):
    path = server.ticket_url.removeprefix(f"http://127.0.0.1:{server.server_port}")
    assert get(server, path, token=False, Host="evil.example")[0] == 403


@pytest.mark.parametrize("path", ["/select", "/edit", "/undo", "/redo"])
def test_without_the_token_nothing_is_done(server, path):
    assert send(server, "POST", path, {}, token=False)[0] == 403


def test_each_server_has_a_token_of_its_own(server, session):
    with ViewServer(session) as other:
        assert other.token != server.token and len(other.token) >= 43


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "[::1]:{port}", ""]
)
def test_another_host_is_refused(server, host):
    assert get(server, "/scene.json", Host=host.format(port=server.server_port))[0] == 403


def test_localhost_is_this_server(server):
    assert get(server, "/scene.json", Host=f"localhost:{server.server_port}")[0] == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "https://127.0.0.1:{port}", "http://127.0.0.1:1"]
)
@pytest.mark.parametrize(("method", "path"), [("POST", "/undo"), ("GET", "/scene.json")])
def test_a_forged_origin_is_refused(server, method, path, origin):
    headers = {"Origin": origin.format(port=server.server_port)}
    assert send(server, method, path, **headers)[0] == 403


def test_its_own_origin_is_answered(server):
    origin = f"http://127.0.0.1:{server.server_port}"
    assert send(server, "POST", "/undo", Origin=origin)[0] == 200


@pytest.mark.parametrize(
    "path",
    [
        "/../server.py",
        "/..%2fserver.py",
        "/page/index.html",
        "/page/../../errors.py",
        "//etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/..\\server.py",
        "/tile/../scene.json",
        "/tile/-1",
        "/tile/99999",
        "/tile/0/",
        "/tile/1e0",
        "/edits.jsonl",
        "/street_0.laz",
        "/index.html/..",
    ],
)
def test_no_path_leads_to_a_file(server, path):
    assert get(server, path)[0] == 404


def test_only_files_of_the_page_are_served_without_a_token(server):
    assert "index.html" in page_files()
    for name in set(page_files()) - {"index.html"}:
        assert get(server, f"/{name}", token=False)[0] == 200


def test_every_answer_has_strict_headers(server):
    for path, token in (("/", True), ("/scene.json", True), ("/tile/0", True), ("/x", True), ("/", False)):
        _, headers, _ = get(server, path, token=token)
        assert {name: headers[name] for name in HEADERS} == HEADERS
    assert "default-src 'none'" in HEADERS["Content-Security-Policy"]
    assert "unsafe" not in HEADERS["Content-Security-Policy"]


def test_the_scene_lists_tiles_and_classes(server, clouds):
    scene = json.loads(get(server, "/scene.json")[2])
    assert sum(tile["points"] for tile in scene["tiles"]) == sum(len(cloud) for cloud in clouds)
    assert [tile["levels"][-1] for tile in scene["tiles"]] == [tile["points"] for tile in scene["tiles"]]
    assert scene["editable"] and scene["modes"] == ["class", "confidence", "height", "source"]
    assert scene["record"]["size"] == RECORD.itemsize == 20
    assert scene["record"]["fields"]["index"] == {"type": "u4", "at": 16}


def test_records_come_by_range(server, tiles):
    _, headers, body = get(server, "/tile/0?from=10&to=30")
    assert headers["Content-Type"] == "application/octet-stream"
    np.testing.assert_array_equal(np.frombuffer(body, RECORD), tiles.records(0)[10:30])
    assert get(server, "/tile/0?from=99999999")[2] == b""
    assert get(server, "/classes?tile=0&from=10&to=30")[2] == tiles.records(0)["label"][10:30].tobytes()


@pytest.mark.parametrize("query", ["from=-1", "from=a", "to=", "to=1e3", "from=" + "9" * 30])
def test_a_range_that_is_none_is_refused(server, query):
    status, _, body = get(server, f"/tile/0?{query}")
    assert status in (200, 400) if query == "to=" else status == 400, body


def test_a_selection_is_edited_and_taken_back(server):
    status, _, body = send(server, "POST", "/select", {"shape": TRIANGLE, "classes": [1, 2, 4]})
    chosen = json.loads(body)
    assert status == 200 and chosen["points"] > 0
    request = {"selection": chosen["selection"], "action": "class", "class": "vegetation"}
    edited = json.loads(send(server, "POST", "/edit", request)[2])
    assert edited["points"] == chosen["points"] and edited["tiles"]
    assert len(json.loads(get(server, "/edits.json")[2])) == 1
    assert json.loads(send(server, "POST", "/undo")[2])["edit"] == edited["edit"]
    assert json.loads(get(server, "/edits.json")[2]) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"1",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"a":' * 40 + b"1" + b"}" * 40,
        b'{"shape": {"kind": "polygon", "points": [[NaN, 0], [1, 0], [0, 1]]}}',
        b'{"shape": {"kind": "polygon", "points": [[Infinity, 0], [1, 0], [0, 1]]}}',
        b'{"shape": {"kind": "polygon", "points": [[1' + b"0" * 5000 + b", 0], [1, 0], [0, 1]]}}",
        json.dumps({"shape": {"kind": "polygon", "points": [[0, 0]] * 5001}}).encode(),
    ],
    ids=lambda body: repr(body[:30]),
)
def test_a_bad_request_is_answered_with_a_reason(server, body):
    status, _, answer = send(server, "POST", "/select", body)
    assert status == 400 and json.loads(answer)["error"]
    assert get(server, "/scene.json")[0] == 200


def test_a_large_body_is_refused_unread(server):
    assert send(server, "POST", "/select", b"", Content_Length=str(MOST_BYTES + 1))[0] == 413
    assert send(server, "POST", "/select", b"", Content_Length="9" * 18)[0] == 413


@pytest.mark.parametrize("length", ["-1", "a", "1.5", "", "9" * 30])
def test_a_length_that_is_none_is_refused(server, length):
    assert send(server, "POST", "/select", b"", Content_Length=length)[0] == 411


def test_a_body_of_another_type_is_refused(server):
    assert send(server, "POST", "/select", b"{}", Content_Type="text/plain")[0] == 415


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "HEAD", "TRACE"])
def test_other_methods_are_refused(server, method):
    assert send(server, method, "/scene.json")[0] == 501


def test_records_of_a_selection_come_by_range(server):
    number = json.loads(send(server, "POST", "/select", {"shape": TRIANGLE})[2])["selection"]
    assert set(get(server, f"/selected?selection={number}&tile=0&from=5&to=25")[2]) <= {0, 1}
    assert len(get(server, f"/selected?selection={number}&tile=0&from=5&to=25")[2]) == 20
    assert get(server, "/selected?selection=99&tile=0")[0] == 400
    assert get(server, f"/selected?selection={number}&tile=9999")[0] == 404


def test_an_unknown_action_is_refused(server):
    assert send(server, "POST", "/scene.json", {})[0] == 404


def test_all_facts_of_a_point_come_by_its_index(server):
    point = json.loads(get(server, "/point?cloud=street_0&index=7")[2])
    assert point["index"] == 7 and point["cloud"] == "street_0"
    assert get(server, "/point?cloud=..%2fetc&index=7")[0] == 400
    assert get(server, "/point?cloud=street_0&index=x")[0] == 400
    assert get(server, "/point?cloud=street_0")[0] == 400


def test_a_connection_serves_several_requests(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)
    for _ in range(3):
        connection.request("GET", "/tile/0?to=5", headers={"X-Bevseg-Token": server.token})
        assert len(connection.getresponse().read()) == 5 * RECORD.itemsize
    connection.close()


def test_a_fault_of_the_program_ends_the_request_alone(server, monkeypatch):
    monkeypatch.setattr(server.session, "scene", lambda: 1 / 0)
    status, _, body = get(server, "/scene.json")
    assert status == 500 and "ZeroDivisionError" in json.loads(body)["error"]
    assert get(server, "/tile/0")[0] == 200


def test_the_token_does_not_stand_in_the_log(server, caplog):
    with caplog.at_level("DEBUG", logger="bevseg"):
        get(server, f"/scene.json?token={server.token}", token=False)
    assert "/scene.json" in caplog.text and server.token not in caplog.text
