package passharness;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Tests of a service; subclasses start the mock. Each test has a space of its own. */
abstract class ServiceTests {
  static final String TOKEN = "java-test";

  private Control control;
  private Service service;

  /** Returns the address of a running mock with the control token TOKEN. */
  abstract String mockUrl();

  @BeforeEach
  void startService() {
    String adobe = mockUrl() + "/~test-" + UUID.randomUUID();
    control = new Control(adobe, TOKEN);
    service = new Service(adobe, control.softwareStatement(Map.of()));
  }

  @Test
  void aDeniedViewerIsToldWhy() {
    String code = service.login("Cablevision");
    control.login(code, new Control.LoginCall()); // the viewer logs in
    assertEquals("", service.reasonNotToPlay("Cablevision", "REF30"));

    Control.Behaviour behaviour = new Control.Behaviour();
    behaviour.match = new Control.Match();
    behaviour.match.resource = "news-*";
    behaviour.effect = new Control.Effect();
    behaviour.effect.deny = new Control.Denial();
    behaviour.effect.deny.details = "Not in your package";
    control.addBehaviour(behaviour);
    assertEquals("Not in your package", service.reasonNotToPlay("Cablevision", "news-1"));

    Control.ExchangePage page = control.exchanges(Map.of("endpoint", "decisions.authorize"));
    assertEquals(2, page.exchanges.size());
    assertEquals(200, page.exchanges.get(1).status);
  }

  @Test
  void aRefusedCallIsAnExceptionWithTheReason() {
    Control.ClockCall call = new Control.ClockCall();
    call.advance = "soon";
    Control.Refused refused = assertThrows(Control.Refused.class, () -> control.advanceClock(call));
    assertEquals(400, refused.status);
    assertTrue(refused.getMessage().contains("is not a duration"), refused.getMessage());
  }
}
