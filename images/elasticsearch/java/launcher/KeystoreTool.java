package mesh.launcher;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.elasticsearch.common.settings.KeyStoreWrapper;

/**
 * {@code elasticsearch-keystore} over the server's own keystore code: the words, the file and, where it
 * does not ask, the behaviour of the official tool. Where that one asks, this one refuses.
 */
public final class KeystoreTool {

    private static final char[] NO_PASSWORD = new char[0];
    private static final Path CONFIG = Path.of(System.getProperty("es.path.conf"));
    private static final String USAGE = """
        usage: elasticsearch-keystore create
               elasticsearch-keystore list
               elasticsearch-keystore show NAME
               elasticsearch-keystore add [-f|--force] [-x|--stdin] NAME...   (one value a line on stdin)
               elasticsearch-keystore remove NAME...
               elasticsearch-keystore has-passwd""";

    /** The exit codes of the official tool: 1 in general, 64 wrong usage, 65 wrong data, 78 wrong configuration. */
    private static final class Refused extends Exception {
        final int exitCode;

        Refused(int exitCode, String message) {
            super(message);
            this.exitCode = exitCode;
        }
    }

    public static void main(String[] arguments) throws Exception {
        try {
            run(List.of(arguments));
        } catch (Refused refused) {
            System.err.println(refused.getMessage());
            System.exit(refused.exitCode);
        }
    }

    private static void run(List<String> arguments) throws Exception {
        String command = arguments.isEmpty() ? "" : arguments.get(0);
        List<String> rest = arguments.isEmpty() ? List.of() : arguments.subList(1, arguments.size());
        switch (command) {
            case "create" -> create();
            case "list" -> open().getSettingNames().stream().sorted().forEach(System.out::println);
            case "show" -> show(rest);
            case "add" -> add(rest);
            case "remove" -> remove(rest);
            case "has-passwd" -> hasPassword();
            case "-h", "--help" -> System.out.println(USAGE);
            default -> throw new Refused(64, USAGE);
        }
    }

    private static void create() throws Exception {
        Path file = KeyStoreWrapper.keystorePath(CONFIG);
        if (Files.exists(file)) {
            throw new Refused(1, "An elasticsearch keystore already exists. Exiting without creating keystore.");
        }
        try (KeyStoreWrapper keystore = KeyStoreWrapper.create()) {
            keystore.save(CONFIG, NO_PASSWORD);
        }
        System.out.println("Created elasticsearch keystore in " + file);
    }

    private static void show(List<String> names) throws Exception {
        if (names.size() != 1) {
            throw new Refused(64, USAGE);
        }
        KeyStoreWrapper keystore = open();
        requirePresent(keystore, names.get(0));
        System.out.println(keystore.getString(names.get(0)));
    }

    /** All values or none: the file is written once, after the last value has been read. */
    private static void add(List<String> arguments) throws Exception {
        boolean force = false;
        List<String> names = new ArrayList<>();
        for (String argument : arguments) {
            switch (argument) {
                case "-f", "--force" -> force = true;
                case "-fx", "-xf" -> force = true;
                case "-x", "--stdin" -> {
                    // the only way that values come in here
                }
                default -> {
                    if (argument.startsWith("-")) {
                        throw new Refused(64, argument + " is not a recognized option");
                    }
                    names.add(argument);
                }
            }
        }
        if (names.isEmpty()) {
            throw new Refused(64, "ERROR: the setting names can not be empty");
        }
        boolean exists = Files.exists(KeyStoreWrapper.keystorePath(CONFIG));
        KeyStoreWrapper keystore = exists == false && force ? KeyStoreWrapper.create() : open();
        BufferedReader values = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String name : names) {
            if (force == false && keystore.getSettingNames().contains(name)) {
                throw new Refused(1, "Setting " + name + " already exists. Exiting without modifying keystore.");
            }
            keystore.setString(name, valueOf(name, values).toCharArray());
        }
        keystore.save(CONFIG, NO_PASSWORD);
    }

    private static String valueOf(String name, BufferedReader values) throws IOException, Refused {
        String value = values.readLine();
        if (value == null || value.isEmpty()) {
            throw new Refused(65, "ERROR: no value for [" + name + "] on the standard input");
        }
        return value;
    }

    private static void remove(List<String> names) throws Exception {
        if (names.isEmpty()) {
            throw new Refused(64, "ERROR: Must supply at least one setting to remove");
        }
        KeyStoreWrapper keystore = open();
        for (String name : names) {
            requirePresent(keystore, name);
            keystore.remove(name);
        }
        keystore.save(CONFIG, NO_PASSWORD);
    }

    private static void hasPassword() throws Exception {
        if (load().hasPassword() == false) {
            throw new Refused(1, "ERROR: Keystore is not password-protected");
        }
        System.out.println("Keystore is password-protected");
    }

    private static void requirePresent(KeyStoreWrapper keystore, String name) throws Refused {
        Set<String> present = keystore.getSettingNames();
        if (present.contains(name) == false) {
            throw new Refused(78, "ERROR: Setting [" + name + "] does not exist in the keystore.");
        }
    }

    private static KeyStoreWrapper open() throws Exception {
        KeyStoreWrapper keystore = load();
        if (keystore.hasPassword()) {
            throw new Refused(65, "ERROR: the keystore has a password, which this tool cannot ask for");
        }
        keystore.decrypt(NO_PASSWORD);
        return keystore;
    }

    private static KeyStoreWrapper load() throws Exception {
        KeyStoreWrapper keystore = KeyStoreWrapper.load(CONFIG);
        if (keystore == null) {
            throw new Refused(
                65,
                "ERROR: Elasticsearch keystore not found at ["
                    + KeyStoreWrapper.keystorePath(CONFIG)
                    + "]. Use 'create' command to create one."
            );
        }
        return keystore;
    }

    private KeystoreTool() {}
}
