"""The report at the end of a run."""

from __future__ import annotations

from ansible_collections.todo.k8s.plugins.filter.report_lines import report_lines

CHECKS = [
    {"name": "fast", "ok": True, "latency_ms": 3, "skipped": False},
    {"name": "slow", "ok": True, "latency_ms": 300, "skipped": False},
    {"name": "not run", "ok": True, "latency_ms": 0, "skipped": True},
]


def test_everything_that_was_handed_over_is_said():
    text = "\n".join(
        report_lines(
            {
                "cluster": {"kubernetes_version": "v1.34.3"},
                "engine": {"version": "20.10.24"},
                "toolchain": {"tools": {"minikube": {"version": "v1.38.1"}, "helm": {"version": "v3.18.6"}}},
                "release": {
                    "name": "shop",
                    "revision": 2,
                    "chart": "/x/shop",
                    "chart_version": "1.0.0",
                    "namespace": "s",
                },
                "images": {"api": {"ref": "shop/api:abc", "size_mb": 150}},
                "verification": {"workloads": [{"state": "ready"}], "checks": CHECKS},
            },
            title="The shop",
            pages=[{"name": "Shop", "url": "http://localhost:1"}],
            next_steps=["make down"],
        )
    )
    for piece in (
        "The shop is up and verified: 1 of 1 workloads ready, 2 of 3 checks passed, 1 left out.",
        "Shop  http://localhost:1",
        "Kubernetes v1.34.3, Docker 20.10.24, Minikube v1.38.1, Helm v3.18.6",
        "shop revision 2, chart shop 1.0.0, namespace s",
        "shop/api:abc  150 MB",
        "slowest   300 ms  slow",
        "next      make down",
    ):
        assert piece in text, text
    assert "not run" not in text


def test_what_did_not_run_is_left_out():
    assert report_lines({}) == ["The application is up."]
