package passharness;

import org.junit.jupiter.api.condition.DisabledIfEnvironmentVariable;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.junit.jupiter.Container;
import org.testcontainers.junit.jupiter.Testcontainers;
import org.testcontainers.utility.DockerImageName;

/** The tests with a mock in a container of the image PASS_HARNESS_IMAGE, pass-mock by default. */
@Testcontainers
@DisabledIfEnvironmentVariable(named = "PASS_MOCK_COMMAND", matches = ".+")
class ServiceInContainerTest extends ServiceTests {
  @Container
  private static final GenericContainer<?> MOCK =
      new GenericContainer<>(DockerImageName.parse(System.getenv().getOrDefault("PASS_HARNESS_IMAGE", "pass-mock")))
          .withEnv("PASS_MOCK_CONTROL_TOKEN", TOKEN)
          .withExposedPorts(8300)
          .waitingFor(Wait.forHttp("/openapi.json").forPort(8300));

  @Override
  String mockUrl() {
    return "http://" + MOCK.getHost() + ":" + MOCK.getMappedPort(8300);
  }
}
