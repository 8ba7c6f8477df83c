package mesh.launcher;

import java.nio.file.Path;
import java.security.Security;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.apache.logging.log4j.LogManager;
import org.elasticsearch.cluster.ClusterName;
import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.KeyStoreWrapper;
import org.elasticsearch.common.settings.SecureString;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.node.InternalSettingsPreparer;
import org.elasticsearch.node.Node;
import org.elasticsearch.plugins.PluginBundle;
import org.elasticsearch.plugins.PluginsLoader;

/**
 * Starts one Elasticsearch node in this JVM.
 *
 * <p>The official launcher is not published. What it does besides is missing here: entitlements, the
 * system call filter, the bootstrap checks, and the first start's configuration of security.
 */
public final class Launcher {

    private static final char[] NO_PASSWORD = new char[0];

    public static void main(String[] arguments) {
        try {
            start(arguments);
        } catch (Throwable failure) {
            // Threads of a half-started node would keep the JVM, and so the container, alive.
            LogManager.getLogger(Launcher.class).error("fatal exception while booting Elasticsearch", failure);
            failure.printStackTrace();
            Runtime.getRuntime().halt(1);
        }
    }

    private static void start(String[] arguments) throws Exception {
        // Seconds for which names are remembered, as the official launcher has it.
        Security.setProperty("networkaddress.cache.ttl", "60");
        Security.setProperty("networkaddress.cache.negative.ttl", "10");
        LogConfigurator.configureESLogging();
        Path home = Path.of(System.getProperty("es.path.home"));
        Path config = Path.of(System.getProperty("es.path.conf"));
        Settings settings = Settings.builder().put("path.home", home.toString()).setSecureSettings(openKeystore(config)).build();

        LogConfigurator.registerErrorListener();
        Environment environment = InternalSettingsPreparer.prepareEnvironment(
            settings,
            settingsOf(arguments),
            config,
            () -> System.getenv("HOSTNAME")
        );
        LogConfigurator.setNodeName(Node.NODE_NAME_SETTING.get(environment.settings()));
        LogConfigurator.setClusterName(ClusterName.CLUSTER_NAME_SETTING.get(environment.settings()).value());
        LogConfigurator.configure(environment, true);

        PluginsLoader plugins = PluginsLoader.createPluginsLoader(
            bundlesIn("loadModulesBundles", environment.modulesDir()),
            bundlesIn("loadPluginsBundles", environment.pluginsDir()),
            Map.of()
        );
        Node node = new Node(environment, plugins);
        // Before the start, which takes seconds in which the container may already be told to stop.
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(node), "stop-node"));
        node.start();
        Thread.currentThread().join();
    }

    private static void stop(Node node) {
        try {
            node.close();
            node.awaitClose(60, TimeUnit.SECONDS);
        } catch (Exception failure) {
            failure.printStackTrace();
        } finally {
            LogManager.shutdown();
        }
    }

    /** The settings that bin/elasticsearch passes on as {@code -Ename=value}. */
    private static Map<String, String> settingsOf(String[] arguments) {
        Map<String, String> settings = new HashMap<>();
        for (String argument : arguments) {
            int equals = argument.indexOf('=');
            if (argument.startsWith("-E") == false || equals < 0) {
                throw new IllegalArgumentException("unknown argument [" + argument + "], only -Ename=value is known here");
            }
            settings.put(argument.substring(2, equals), argument.substring(equals + 1));
        }
        return settings;
    }

    /** Creates the keystore, or brings one of an older format up to date, as the official launcher does. */
    private static KeyStoreWrapper openKeystore(Path config) throws Exception {
        KeyStoreWrapper keystore = KeyStoreWrapper.bootstrap(config, () -> new SecureString(NO_PASSWORD));
        if (keystore.isLoaded() == false) {
            keystore.decrypt(NO_PASSWORD);
        }
        String password = System.getenv("ELASTIC_PASSWORD");
        if (password != null && keystore.getSettingNames().contains("bootstrap.password") == false) {
            keystore.setString("bootstrap.password", password.toCharArray());
            keystore.save(config, NO_PASSWORD);
        }
        return keystore;
    }

    /** Called by name, because Elasticsearch 9 added a second parameter, which is always false here. */
    @SuppressWarnings("unchecked")
    private static Set<PluginBundle> bundlesIn(String loader, Path directory) throws Exception {
        for (var method : PluginsLoader.class.getMethods()) {
            if (method.getName().equals(loader)) {
                Object bundles = method.getParameterCount() == 1 ? method.invoke(null, directory) : method.invoke(null, directory, false);
                return (Set<PluginBundle>) bundles;
            }
        }
        throw new NoSuchMethodException(loader);
    }

    private Launcher() {}
}
