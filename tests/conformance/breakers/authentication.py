"""The shortest traces that break the rules of authentication."""

from __future__ import annotations

from conformance_traces import Trace

from breakers.registered import breaks


@breaks("authentication.profiles-checked-first")
def logs_in_without_looking(trace: Trace) -> None:
    trace.session()


@breaks("authentication.known-mvpd-asked-directly")
def asks_for_all_profiles_of_a_known_device(trace: Trace) -> None:
    trace.log_in()
    trace.ask("status", returns={"state": "authenticated"})
    with trace.verb("start"):
        trace.profiles(found=True)


@breaks("authentication.session-is-complete")
def never_resumes(trace: Trace) -> None:
    trace.session(missing=["redirectUrl"])
    trace.authenticate()


@breaks("authentication.code-and-url-returned")
def hands_out_another_code(trace: Trace) -> None:
    with trace.verb("login", screen="secondary") as returns:
        trace.session("AAAAAAA")
        returns["code"] = "BBBBBBB"


@breaks("authentication.no-login-when-authorized")
def logs_in_who_may_go_on(trace: Trace) -> None:
    trace.session(authorize=True)
    trace.wait(2)
    trace.session()


@breaks("authentication.polls-by-code")
def polls_the_list_of_profiles(trace: Trace) -> None:
    trace.session()
    for _ in range(3):
        trace.wait(3.2)
        trace.profiles()


@breaks("authentication.poll-interval")
def polls_every_second(trace: Trace) -> None:
    trace.session()
    for _ in range(5):
        trace.wait(1)
        trace.poll()


@breaks("authentication.poll-is-single")
def polls_twice_out_of_step(trace: Trace) -> None:
    trace.session()
    for _ in range(3):
        trace.wait(1.1)
        trace.poll()
        trace.wait(2.1)
        trace.poll()


@breaks("authentication.poll-starts-promptly")
def polls_late(trace: Trace) -> None:
    with trace.verb("login", screen="secondary") as returns:
        trace.session()
        returns["code"] = "AAAAAAA"
    trace.wait(15)
    trace.poll()


@breaks("authentication.poll-waits-for-redirect")
def polls_while_the_viewer_types(trace: Trace) -> None:
    with trace.verb("login", screen="primary") as returns:
        trace.session()
        returns["code"] = "AAAAAAA"
    trace.wait(3)
    trace.poll()
    trace.wait(3)
    trace.ask("arrived")


@breaks("authentication.poll-stops-on-success")
def polls_after_success(trace: Trace) -> None:
    trace.log_in()
    trace.wait(3)
    trace.poll(found=True)


@breaks("authentication.poll-stops-on-expiry")
def polls_after_expiry(trace: Trace) -> None:
    trace.session(life=8)
    for status in (200, 200, 400, 400, 400):
        trace.wait(3.2)
        trace.poll(status=status)


@breaks("authentication.poll-stops-on-new-code")
def polls_the_old_code(trace: Trace) -> None:
    trace.session("AAAAAAA")
    trace.wait(3)
    trace.poll("AAAAAAA")
    trace.session("BBBBBBB")
    trace.wait(3)
    trace.poll("AAAAAAA", status=400)


@breaks("authentication.profile-remembered")
def asks_adobe_for_the_status(trace: Trace) -> None:
    trace.log_in()
    with trace.verb("status") as returns:
        trace.profiles(mvpd="Cablevision", found=True)
        returns["state"] = "authenticated"


@breaks("authentication.code-validated-on-second-screen")
def trusts_the_typed_code(trace: Trace) -> None:
    trace.session()
    trace.ask("enter_code", code="AAAAAAA", returns={"url": "https://sp.example/api/v2/authenticate/REF30/AAAAAAA"})


@breaks("authentication.profile-expiry-honoured")
def outlives_the_profile(trace: Trace) -> None:
    trace.log_in(life=10)
    trace.wait(20)
    trace.ask("status", returns={"state": "authenticated"})


@breaks("authentication.invalidated-profile-dropped")
def ignores_that_the_profile_is_gone(trace: Trace) -> None:
    trace.log_in()
    trace.authorize(action="authentication")
    trace.ask("status", returns={"state": "authenticated"})


@breaks("authentication.encrypted-metadata-handled")
def shows_the_ciphertext(trace: Trace) -> None:
    trace.profiles(answer={"profiles": trace.profile(attributes={"zip": {"value": "c3Bocw==", "state": "enc"}})})
    trace.ask("status", returns={"state": "authenticated", "attributes": {"zip": "c3Bocw=="}})


@breaks("authentication.several-profiles-handled")
def fails_on_two_profiles(trace: Trace) -> None:
    with trace.verb("start", failure="500"):
        trace.profiles(answer={"profiles": trace.profile(60, "Cablevision", "Spectrum")})
