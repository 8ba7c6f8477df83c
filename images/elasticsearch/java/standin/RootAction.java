package mesh.standin;

import java.io.IOException;
import java.util.List;
import org.elasticsearch.Build;
import org.elasticsearch.action.admin.cluster.state.ClusterStateResponse;
import org.elasticsearch.client.internal.node.NodeClient;
import org.elasticsearch.core.TimeValue;
import org.elasticsearch.rest.BaseRestHandler;
import org.elasticsearch.rest.RestRequest;
import org.elasticsearch.rest.RestResponse;
import org.elasticsearch.rest.RestStatus;
import org.elasticsearch.rest.action.RestBuilderListener;
import org.elasticsearch.xcontent.XContentBuilder;

/** {@code GET /}, which clients use to see whom they talk to; the module that answers it is not published. */
class RootAction extends BaseRestHandler {

    @Override
    public String getName() {
        return "main_action";
    }

    @Override
    public List<Route> routes() {
        return List.of(new Route(RestRequest.Method.GET, "/"), new Route(RestRequest.Method.HEAD, "/"));
    }

    @Override
    protected RestChannelConsumer prepareRequest(RestRequest request, NodeClient client) {
        return channel -> client.admin()
            .cluster()
            .prepareState(TimeValue.timeValueSeconds(30))
            .clear()
            .setMetadata(true)
            .setNodes(true)
            .execute(new RestBuilderListener<>(channel) {
                @Override
                public RestResponse buildResponse(ClusterStateResponse response, XContentBuilder builder) throws Exception {
                    return new RestResponse(RestStatus.OK, describe(response, builder));
                }
            });
    }

    private static XContentBuilder describe(ClusterStateResponse response, XContentBuilder builder) throws IOException {
        var state = response.getState();
        var localNode = state.nodes().getLocalNode();
        Build build = Build.current();
        builder.startObject();
        builder.field("name", localNode == null ? "" : localNode.getName());
        builder.field("cluster_name", response.getClusterName().value());
        builder.field("cluster_uuid", state.metadata().clusterUUID());
        builder.startObject("version");
        builder.field("number", build.qualifiedVersion());
        builder.field("build_flavor", build.flavor());
        builder.field("build_type", build.type().displayName());
        builder.field("build_hash", build.hash());
        builder.field("build_date", build.date());
        builder.field("build_snapshot", build.isSnapshot());
        builder.endObject();
        builder.field("tagline", "You Know, for Search");
        return builder.endObject();
    }
}
