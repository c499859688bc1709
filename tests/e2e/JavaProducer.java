import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Map;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Kafka's own client with its defaults: sends the lines of its input, `key TAB value`, or only a value, to a topic.
 * Codecs may be named besides, `gzip,zstd`: a producer for each, and all records of a key by one of them.
 */
public class JavaProducer {
    public static void main(String[] arguments) throws Exception {
        var producers = new ArrayList<KafkaProducer<String, String>>();
        var sent = new ArrayList<Future<RecordMetadata>>();
        for (String codec : (arguments.length > 2 ? arguments[2] : "none").split(",")) {
            Map<String, Object> settings = Map.of("bootstrap.servers", arguments[0], "compression.type", codec);
            producers.add(new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer()));
        }
        var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] parts = line.split("\t", 2);
            String key = parts.length == 2 ? parts[0] : null;
            int chosen = key == null ? 0 : Math.floorMod(key.hashCode(), producers.size());
            sent.add(producers.get(chosen).send(new ProducerRecord<>(arguments[1], key, parts[parts.length - 1])));
        }
        producers.forEach(KafkaProducer::close);
        for (var each : sent) {
            each.get(); // which throws what kept it from Kafka
        }
    }
}
