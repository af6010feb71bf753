package passharness;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;

/** The tests with a mock that PASS_MOCK_COMMAND starts as a process, where there is no Docker. */
@EnabledIfEnvironmentVariable(named = "PASS_MOCK_COMMAND", matches = ".+")
class ServiceWithCommandTest extends ServiceTests {
  private static final Pattern ADDRESS = Pattern.compile("https?://\\S+");

  private static Process mock;
  private static String url;

  @BeforeAll
  static void startMock() throws IOException {
    List<String> command = new ArrayList<>(List.of(System.getenv("PASS_MOCK_COMMAND").trim().split("\\s+")));
    command.addAll(List.of("serve", "--port", "0", "--control-token", TOKEN));
    mock = new ProcessBuilder(command).redirectErrorStream(true).start();
    BufferedReader output =
        new BufferedReader(new InputStreamReader(mock.getInputStream(), StandardCharsets.UTF_8));
    Matcher address = ADDRESS.matcher(String.valueOf(output.readLine()));
    if (!address.find()) {
      throw new IllegalStateException("the mock did not start");
    }
    url = address.group();
    Thread reader = new Thread(() -> output.lines().forEach(line -> {})); // so that the pipe never fills
    reader.setDaemon(true);
    reader.start();
  }

  @AfterAll
  static void stopMock() {
    mock.destroy();
  }

  @Override
  String mockUrl() {
    return url;
  }
}
