"""An exchange in two halves, as `requests` runs an auth: before a request is sent, and when it is answered."""

from __future__ import annotations

from typing import Any, Mapping, Optional

import requests
from requests.models import PreparedRequest, Response

from ._actions import Action, Exchange, Send
from ._exchange import exchange
from ._keeper import Keeper
from ._on_requests import Run, SessionJar, put, settings_of
from ._origin import origin_of


def arm(request: PreparedRequest, keeper: Keeper, session: requests.Session, is_bound: bool) -> None:
    """The first half: fetches what is needed, puts it on the request, and waits for the answer."""
    run = Run(keeper, request, SessionJar(session) if is_bound else None)
    steps = exchange(keeper, run.asked())
    action = next(steps)
    while not isinstance(action, Send):
        inner, settings = session.get_adapter(str(request.url)), settings_of(session, str(request.url))
        try:
            result = run.do(action, inner, settings)
        except BaseException as error:
            action = steps.throw(error)
        else:
            action = steps.send(result)
    before = {name: request.headers.get(name) for name in action.headers}
    put(request, action.headers)
    # The request refers to its second half. Were it referred to from there, its ticket would not come back before
    # the garbage collector finds both.
    del run.request
    half = _Half(run, steps, before)
    request.register_hook("response", half.answered)  # type: ignore[no-untyped-call]


class _Half:
    """The second half. If the request is never answered, it is dropped with the request, which closes the
    generator, which gives the ticket back."""

    def __init__(self, run: Optional[Run], steps: Exchange, before: Mapping[str, Optional[str]]) -> None:
        self._run = run
        self._steps: Optional[Exchange] = steps
        self._before = before

    def answered(self, response: Response, *_: object, **options: Any) -> Response:
        """What `requests` calls for the answer, and for those to redirects as well."""
        if self._run is None:
            return response
        steps, self._steps = self._steps, None
        if steps is None:
            return self._redirected(self._run, response, options)
        self._run.request = response.request
        # A redirect copies the request's headers: what was put there for this origin is taken away before.
        for name in self._before:
            if name != "Cookie":
                put(self._run.request, {name: self._before[name]})
        return self._carry_on(self._run, steps, response, options)

    def _redirected(self, first: Run, response: Response, options: Mapping[str, Any]) -> Response:
        if origin_of(response.request.url or "") != first.keeper.origin:
            return response
        run = Run(first.keeper, response.request, first.jar)
        steps = exchange(first.keeper, run.asked(), unarmed=True)
        action: Action = next(steps)
        while not isinstance(action, Send):
            action = steps.send(run.do(action, response.connection, options))
        return self._carry_on(run, steps, response, options)

    def _carry_on(self, run: Run, steps: Exchange, response: Response, options: Mapping[str, Any]) -> Response:
        try:
            action = steps.send(run.answered(response))
        except StopIteration:
            pass
        else:
            run.carry_out(steps, response.connection, options, action)
        assert run.response is not None
        # Whose cookies go into the session's jar.
        run.response.history = [*run.earlier, *run.response.history]
        return run.response

    def __getstate__(self) -> dict[str, Any]:
        # A response that is pickled takes its request along. The exchange stays here.
        return {"_run": None, "_steps": None, "_before": {}}
