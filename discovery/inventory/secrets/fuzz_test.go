package secrets

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
)

// FuzzSecret: whatever a Secret holds, reading it ends, and what is accepted names
// no file and no command.
func FuzzSecret(f *testing.F) {
	f.Add([]byte(kubeconfigOf("eu-1", "token: t")), "https://a")
	f.Add([]byte(kubeconfigOf("eu-1", "tokenFile: /etc/passwd")), "https://a")
	f.Add([]byte(`{"bearerToken": "t", "tlsClientConfig": {"insecure": true, "caData": "eA=="}}`), "https://a")
	f.Add([]byte(`{"awsAuthConfig": {"clusterName": "x"}}`), "a:1")
	f.Fuzz(func(t *testing.T, data []byte, server string) {
		s := &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: "eu-1-kubeconfig", Namespace: "a", Labels: map[string]string{fednsLabel: "eu-1", clusterAPILabel: "eu-1"}},
			Data:       map[string][]byte{"kubeconfig": data, "value": data, "config": data, "name": []byte("eu-1"), "server": []byte(server)},
		}
		for name, format := range formats() {
			for _, st := range format.read(s, false).Statements {
				if st.Err != nil {
					continue
				}
				k, err := clientcmd.Load(st.Member.Access.Kubeconfig)
				if err != nil {
					t.Fatalf("%s: accepted what is no kubeconfig: %v", name, err)
				}
				used := k.AuthInfos[k.Contexts[k.CurrentContext].AuthInfo]
				if used != nil && used.Exec != nil {
					t.Errorf("%s: accepted a command", name)
				}
				for _, u := range k.AuthInfos {
					if u.TokenFile+u.ClientCertificate+u.ClientKey != "" || u.AuthProvider != nil {
						t.Errorf("%s: accepted a file", name)
					}
				}
				for _, c := range k.Clusters {
					if c.CertificateAuthority != "" {
						t.Errorf("%s: accepted a file", name)
					}
				}
			}
		}
	})
}
