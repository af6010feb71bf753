package passharness;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Stands for the service under test: it logs a device in and asks whether a resource may play. */
final class Service {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String FORM = "application/x-www-form-urlencoded";

  private final HttpClient http = HttpClient.newHttpClient();
  private final String adobe;
  private String authorization = "";

  Service(String adobe, String statement) {
    this.adobe = adobe;
    JsonNode client = post("/o/client/register", "application/json", json(Map.of("software_statement", statement)));
    Map<String, String> grant =
        Map.of(
            "grant_type", "client_credentials",
            "client_id", client.get("client_id").asText(),
            "client_secret", client.get("client_secret").asText());
    authorization = "Bearer " + post("/o/client/token", FORM, form(grant)).get("access_token").asText();
  }

  /** Starts a login and returns its code. */
  String login(String mvpd) {
    Map<String, String> session =
        Map.of("mvpd", mvpd, "domainName", "adobe.com", "redirectUrl", "https://adobe.com/done");
    return post("/api/v2/REF30/sessions", FORM, form(session)).get("code").asText();
  }

  /** Returns the reason why the resource may not play, empty if it may. */
  String reasonNotToPlay(String mvpd, String resource) {
    String body = json(Map.of("resources", List.of(resource)));
    JsonNode answer = post("/api/v2/REF30/decisions/authorize/" + mvpd, "application/json", body);
    JsonNode decision = answer.get("decisions").get(0);
    return decision.get("authorized").asBoolean() ? "" : decision.get("error").get("details").asText();
  }

  private JsonNode post(String path, String contentType, String body) {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(adobe + path))
            .header("Content-Type", contentType)
            .header("Authorization", authorization)
            .header("AP-Device-Identifier", "fingerprint " + base64("java-device"))
            .header("X-Device-Info", base64("{\"primaryHardwareType\":\"SetTopBox\",\"model\":\"TV\",\"osName\":\"tvOS\"}"))
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build();
    try {
      HttpResponse<String> response = http.send(request, HttpResponse.BodyHandlers.ofString());
      if (response.statusCode() >= 300) {
        throw new IllegalStateException(path + " answered " + response.statusCode() + ": " + response.body());
      }
      return JSON.readTree(response.body());
    } catch (IOException | InterruptedException failed) {
      throw new IllegalStateException(failed);
    }
  }

  private static String json(Object value) {
    return JSON.valueToTree(value).toString();
  }

  private static String form(Map<String, String> values) {
    return values.entrySet().stream()
        .map(one -> one.getKey() + "=" + URLEncoder.encode(one.getValue(), StandardCharsets.UTF_8))
        .collect(Collectors.joining("&"));
  }

  private static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }
}
