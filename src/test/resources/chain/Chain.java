import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;

/** One service of a chain, a pool of threads: LETTER HOST:PORT [NEXT_LETTER NEXT_HOST:PORT]. */
public final class Chain {
  public static void main(String[] args) throws IOException {
    System.setProperty("sun.net.httpserver.nodelay", "true");
    String[] address = args[1].split(":");
    HttpServer server =
        HttpServer.create(new InetSocketAddress(address[0], Integer.parseInt(address[1])), 128);
    server.setExecutor(
        args.length > 4 && args[4].equals("virtual")
            ? Executors.newVirtualThreadPerTaskExecutor()
            : Executors.newFixedThreadPool(8));
    server.createContext("/", exchange -> answer(exchange, args));
    server.start();
  }

  private static void answer(HttpExchange exchange, String[] args) throws IOException {
    String path = exchange.getRequestURI().getPath();
    String number = path.substring(path.lastIndexOf('/') + 1);
    if (args.length > 3) {
      try {
        Thread.sleep(ThreadLocalRandom.current().nextInt(4));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      URI next = URI.create("http://" + args[3] + "/" + args[2] + "/" + number);
      try (InputStream in = next.toURL().openStream()) {
        in.readAllBytes();
      }
    }
    byte[] text = "ok\n".getBytes();
    exchange.sendResponseHeaders(200, text.length);
    exchange.getResponseBody().write(text);
    exchange.close();
  }
}
