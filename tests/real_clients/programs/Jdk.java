// java.net.http.HttpClient with its defaults: it offers HTTP/2 (Upgrade: h2c) over plain HTTP.
// A request is a line of fields, separated by tabs, in Base64: method, URL, body, "name: value" of each header.

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.Base64;

public class Jdk {
    public static void main(String[] arguments) throws Exception {
        boolean chunked = arguments[0].equals("chunked");
        HttpClient client = HttpClient.newHttpClient();
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = lines.readLine()) != null; ) {
            String[] fields = line.split("\t", -1);
            for (int i = 0; i < fields.length; i++) fields[i] = new String(Base64.getDecoder().decode(fields[i]));
            HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(fields[1]));
            for (int i = 3; i < fields.length; i++) request.header(fields[i].split(": ")[0], fields[i].split(": ", 2)[1]);
            HttpRequest.BodyPublisher body = BodyPublishers.ofString(fields[2]);
            if (fields[2].isEmpty()) body = BodyPublishers.noBody();
            else if (chunked) body = BodyPublishers.fromPublisher(body);
            HttpResponse<byte[]> response = client.send(request.method(fields[0], body).build(), HttpResponse.BodyHandlers.ofByteArray());
            System.out.println(response.statusCode() + "\t" + Base64.getEncoder().encodeToString(response.body()));
        }
    }
}
